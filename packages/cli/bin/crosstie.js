#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
import { runMain } from '../dist/main.js';

process.exitCode = runMain(process.argv.slice(2));

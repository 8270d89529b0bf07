// SPDX-License-Identifier: Apache-2.0
// A measured process answers questions over Node's IPC channel: numbered, one answer each. Kept apart from stdout, which
// belongs to the program.

export interface Question {
  readonly id: number;
  readonly name: string;
  readonly argument: unknown;
}

export type Answer =
  | { readonly id: number; readonly kind: 'answer'; readonly value: unknown }
  | { readonly id: number; readonly kind: 'failure'; readonly message: string };

export type Answerer = (argument: never) => unknown;

const answerers = new Map<string, Answerer>();
/** Asked before the program was loaded far enough to answer. */
const waiting: Question[] = [];

/** Child side: the preload answers some questions, the program may add its own. */
export function answerQuestions(added: Readonly<Record<string, Answerer>>): void {
  if (answerers.size === 0) process.on('message', receiveQuestion);
  for (const [name, answerer] of Object.entries(added)) answerers.set(name, answerer);
  for (const question of waiting.splice(0)) receiveQuestion(question);
}

async function receiveQuestion(question: Question): Promise<void> {
  const answerer = answerers.get(question.name);
  if (answerer === undefined) waiting.push(question);
  else process.send?.(await createAnswer(question, answerer));
}

async function createAnswer(question: Question, answerer: Answerer): Promise<Answer> {
  try {
    return { id: question.id, kind: 'answer', value: await answerer(question.argument as never) };
  } catch (error) {
    return { id: question.id, kind: 'failure', message: error instanceof Error ? error.message : String(error) };
  }
}

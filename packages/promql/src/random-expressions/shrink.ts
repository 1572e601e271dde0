import {differenceAt, type RandomCase} from './random-case.ts';
import type {Expression} from './random-expression.ts';

/** A case as small as can be found that still fails. */
export function shrunk(failing: RandomCase): RandomCase {
  let smallest = failing;
  for (let smaller: RandomCase | undefined = failing; smaller !== undefined;) {
    smallest = smaller;
    smaller = smallerCases(smallest).find((one) => fails(one));
  }
  return smallest;
}

function fails(one: RandomCase): boolean {
  try {
    return differenceAt(one) !== undefined;
  } catch {
    // Smaller scripts may be no scripts any more.
    return false;
  }
}

function smallerCases(one: RandomCase): RandomCase[] {
  const {times} = one;
  const expressions = smallerExpressions(one.expression).filter(({type}) => type !== 'range' || times.stepMs === 0);
  const scripts = smallerScripts(one.script);
  const shorter = times.endMs - times.stepMs >= times.startMs && times.stepMs > 0;
  return [
    ...expressions.map((expression) => ({...one, expression})),
    ...scripts.map((script) => ({...one, script})),
    ...(shorter
      ? [
          {...one, times: {...times, endMs: times.endMs - times.stepMs}},
          {...one, times: {...times, startMs: times.startMs + times.stepMs}},
        ]
      : []),
  ];
}

/** Each part in place of the whole, and the whole with each part smaller. */
function smallerExpressions(whole: Expression): Expression[] {
  const within = whole.parts.flatMap((part, i) =>
    smallerExpressions(part)
      .filter(({type}) => type === part.type)
      .map((smaller) => ({...whole, parts: whole.parts.with(i, smaller)})),
  );
  return [...whole.parts, ...within];
}

/** Without one line, or with half of the values of one line left out. */
function smallerScripts(script: string): string[] {
  const lines = script.split('\n');
  const isSeries = (line: string) => line.startsWith('  ');
  return lines.flatMap((line, i) => {
    if (!isSeries(line)) return [];
    const without = lines.toSpliced(i, 1).join('\n');
    const [, metric, values] = /^ {2}(\S+)\s(.*)$/.exec(line)!;
    const items = values.match(/\{\{.*?\}\}|\S+/g)!;
    const blanked = [2, 4, 8, 16, 32, 64].flatMap((count) => {
      const size = Math.ceil(items.length / count);
      return Array.from({length: count}, (_, n) => {
        const smaller = items.map((item, at) => (Math.floor(at / size) === n ? '_' : item));
        return smaller.join(' ') === items.join(' ')
          ? []
          : [lines.with(i, `  ${metric} ${smaller.join(' ')}`).join('\n')];
      }).flat();
    });
    return [without, ...blanked];
  });
}

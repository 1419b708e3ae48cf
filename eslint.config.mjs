import { builtinModules } from 'node:module';
import nx from '@nx/eslint-plugin';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

/** Of Node: what computes, and reaches nothing beyond the process. The rule of the layers does not look at Node's own modules. */
const COMPUTING = [
  'assert',
  'buffer',
  'crypto',
  'events',
  'os',
  'path',
  'perf_hooks',
  'string_decoder',
  'timers',
  'url',
  'util',
];
const OTHERS = builtinModules.filter((name) => !name.includes('/') && !COMPUTING.includes(name));
/** Some modules have their name with "node:" alone, and are not among the others. */
const OUTSIDE = `^(node:(?!(${COMPUTING.join('|')})(/|$)).*|(${OTHERS.join('|')})(/.*)?)$`;
/** As a selector of syntax has it, where a slash would end the expression. */
const LITERAL = `/${OUTSIDE.replaceAll('/', '\\u002F')}/`;
const NO_OUTSIDE =
  'a module of the domain layer reaches no file system, network, process or thread (docs/architecture.md)';

const TESTS = ['**/*.spec.ts', '**/test/**/*.ts'];

/** What each layer may import (docs/architecture.md). */
const LAYERS = {
  contract: ['layer:contract'],
  domain: ['layer:domain', 'layer:contract'],
  platform: ['layer:platform', 'layer:domain', 'layer:contract'],
  app: ['layer:platform', 'layer:domain', 'layer:contract'],
  testing: ['layer:platform', 'layer:domain', 'layer:contract'],
  tool: ['layer:tool', 'layer:platform', 'layer:domain', 'layer:contract', 'layer:testing'],
};
const BANNED = { domain: ['@nestjs/*', 'ioredis', 'kafkajs', '@grpc/*', 'lmdb', '@duckdb/*'] };

/** The layers as a rule, with what files may import besides: layers by their tags, and single imports. */
const layers = ({ alsoOn = [], allow = [] }) => ({
  '@nx/enforce-module-boundaries': [
    'error',
    {
      allow,
      depConstraints: Object.entries(LAYERS).map(([layer, tags]) => ({
        sourceTag: `layer:${layer}`,
        onlyDependOnLibsWithTags: [...tags, ...alsoOn],
        ...(BANNED[layer] && { bannedExternalImports: BANNED[layer] }),
      })),
    },
  ],
});

export default tseslint.config(
  { ignores: ['**/dist', '**/out-tsc', '**/generated', '**/kernels/assembly', '**/node_modules', '.nx', '**/*.js'] },
  ...nx.configs['flat/base'],
  ...tseslint.configs.recommended,
  prettier,
  {
    files: ['**/*.ts'],
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      'max-lines': ['warn', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: TESTS,
    rules: {
      // Such a loop has no limit, or one of its own, and does not say what did not come.
      'no-restricted-syntax': [
        'error',
        ...['WhileStatement', 'DoWhileStatement', 'ForStatement']
          .flatMap((loop) => [
            `${loop} > ExpressionStatement.body`,
            `${loop} > BlockStatement[body.length=1] > ExpressionStatement`,
          ])
          .flatMap((waits) => [
            `${waits} > AwaitExpression > CallExpression[callee.name=/^(sleep|delay|turn|tick)$/]`,
            `${waits} > AwaitExpression > NewExpression[callee.name='Promise'][arguments.0.name=/^set(Timeout|Immediate)$/]`,
            `${waits} > AwaitExpression > NewExpression[callee.name='Promise']:has(CallExpression[callee.name=/^set(Timeout|Immediate)$/])`,
          ])
          .map((selector) => ({ selector, message: 'Wait with `eventually(holds, what)` of @watchnext/testing.' })),
      ],
    },
  },
  { files: ['**/*.ts'], rules: layers({}) },
  { files: TESTS, rules: layers({ alsoOn: ['layer:testing'] }) },
  // Of a tool: the servers that the conformance suites of the ports are held against.
  { files: ['libs/testing/test/**/*.ts'], rules: layers({ allow: ['@watchnext/local-stack'] }) },
  // Of the apps: settings, names of metrics and the like, and services started in the test's own process.
  { files: ['tools/end-to-end/test/**/*.ts'], rules: layers({ allow: ['../../../../apps/**'] }) },
  { files: ['tools/kubernetes/test/**/*.ts'], rules: layers({ allow: ['../../../apps/**'] }) },
  {
    files: ['libs/domain/*/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: OUTSIDE, message: NO_OUTSIDE }] }],
      'no-restricted-globals': [
        'error',
        // By the last two the others can be had as well.
        ...['fetch', 'WebSocket', 'EventSource', 'BroadcastChannel', 'process', 'global', 'globalThis'].map((name) => ({
          name,
          message: NO_OUTSIDE,
        })),
      ],
      'no-restricted-syntax': [
        'error',
        {
          // What is no plain text cannot be judged, and nothing here asks for it.
          selector: `:matches(ImportExpression[source.value=${LITERAL}], ImportExpression[source.type!='Literal'], CallExpression[callee.name='require'])`,
          message: NO_OUTSIDE,
        },
      ],
    },
  },
);

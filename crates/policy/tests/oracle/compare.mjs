// Reads judged cases from standard input, one JSON object a line with the evaluator's answer in `r`, and has them judged
// by another engine too. Prints each disagreement that none of the engine's known limits explains; exits 1 if there are any.
//
// The engine is @cloud-copilot/iam-simulate, a development tool under the AGPL: it runs in this process only, is
// installed beside the build, and is no part of the program.
import { createInterface } from 'node:readline'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import path from 'node:path'

const installed = createRequire(path.join(process.argv[2], 'package.json'))
const { runSimulation } = await import(pathToFileURL(installed.resolve('@cloud-copilot/iam-simulate')))

const numbered = (policies, prefix) => policies.map((policy, i) => ({ name: `${prefix} ${i}`, policy }))
const byLevel = (levels = []) =>
  levels.map((policies, i) => ({ orgIdentifier: `level ${i}`, policies: numbered(policies, 'policy') }))

async function judge(one) {
  const { principal, action, resource, resourceAccount, context } = one.request
  const simulation = {
    request: { principal, action, resource: { resource, accountId: resourceAccount }, contextVariables: context },
    identityPolicies: numbered(one.identity, 'identity'),
    permissionBoundaryPolicies: one.boundary && numbered(one.boundary, 'boundary'),
    sessionPolicy: one.session,
    resourcePolicy: one.resource,
    serviceControlPolicies: byLevel(one.scp),
    resourceControlPolicies: byLevel(one.rcp),
  }
  const result = await runSimulation(simulation, { simulationMode: 'Strict' })
  if (result.resultType === 'error') return { error: JSON.stringify(result.errors) }
  // A key that it does not know for the action is dropped: its answer is one to another question.
  if (result.result?.ignoredContextKeys?.length) return { ignored: true }
  return { answer: result.overallResult }
}

function conditions(one) {
  const documents = [one.identity, one.boundary, one.session, one.resource, one.scp, one.rcp].flat(3).filter(Boolean)
  const statements = documents.flatMap((document) => document.Statement)
  return statements.flatMap((statement) =>
    Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
      Object.entries(keys).map(([key, values]) => ({ operator, key, values: [values].flat() }))))
}

// Where the engine does not follow AWS's documents; see docs/policy.md.
const limits = [
  ['addresses of different families', (one, tests) => tests.some((t) => t.operator.includes('IpAddress')) && /:/.test(one.request.context['aws:SourceIp'] ?? '')],
  ['a variable in an ARN condition', (_, tests) => tests.some((t) => t.operator.startsWith('Arn') && t.values.some((v) => v.includes('${')))],
  ['a variable without a value in a negated condition', (_, tests) => tests.some((t) => t.operator.includes('Not') && t.values.some((v) => v.includes('${')))],
  ['a session policy beside a grant to the session', (one, _, theirs) => one.session && one.resource && one.r === 'Allowed' && theirs === 'ImplicitlyDenied'],
  ['`Null` of a key with no values', (one, tests) => tests.some((t) => t.operator === 'Null' && Object.entries(one.request.context).some(([key, value]) => key.toLowerCase() === t.key.toLowerCase() && value.length === 0))],
  ['`ForAnyValue` with `IfExists`', (_, tests) => tests.some((t) => t.operator.startsWith('ForAnyValue') && t.operator.endsWith('IfExists'))],
]

const count = { agreed: 0, notJudged: 0, failed: 0, disagreed: 0 }
const known = {}
for await (const line of createInterface({ input: process.stdin })) {
  const one = JSON.parse(line)
  const theirs = await judge(one).catch((error) => ({ error: String(error) }))
  if (theirs.ignored) count.notJudged++
  else if (theirs.error) {
    if (count.failed++ < 3) console.log(`not judged: ${theirs.error}\n${line}`)
  } else if (theirs.answer === one.r) count.agreed++
  else {
    const limit = limits.find(([, fits]) => fits(one, conditions(one), theirs.answer))
    if (limit) known[limit[0]] = (known[limit[0]] ?? 0) + 1
    else if (count.disagreed++ < 20) console.log(`here ${one.r}, there ${theirs.answer}\n${line}`)
  }
}
console.log(JSON.stringify({ ...count, known }))
process.exit(count.disagreed > 0 ? 1 : 0)

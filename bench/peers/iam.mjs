// Decides pairs of trust policy and web identity: node iam.mjs PAIRS
// PAIRS holds one JSON object a line: policy, aud and sub. Prints, in their order, 1 for allowed and 0
// for not, and the seconds that a second pass took. The keys are those of accounts.google.com: the
// library drops the keys of an EKS issuer as unknown.
import { readFileSync } from 'node:fs'
import { runSimulation } from '@cloud-copilot/iam-simulate'

const account = '111122223333'
const simulations = readFileSync(process.argv[2], 'utf8')
  .split('\n')
  .filter(Boolean)
  .map((line) => {
    const { policy, aud, sub } = JSON.parse(line)
    return {
      request: {
        principal: `arn:aws:iam::${account}:oidc-provider/accounts.google.com`,
        action: 'sts:AssumeRoleWithWebIdentity',
        resource: { resource: `arn:aws:iam::${account}:role/bench`, accountId: account },
        contextVariables: { 'accounts.google.com:aud': aud, 'accounts.google.com:sub': sub }
      },
      identityPolicies: [],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: policy
    }
  })

async function pass() {
  let out = ''
  for (const simulation of simulations) {
    const result = await runSimulation(simulation, {})
    if (result.resultType === 'error') throw new Error(JSON.stringify(result.errors))
    out += result.overallResult === 'Allowed' ? '1' : '0'
  }
  return out
}

const decisions = await pass() // also lets the compiler warm up
const cpu = process.cpuUsage()
const began = process.hrtime.bigint()
await pass()
const used = process.cpuUsage(cpu)
console.log(
  JSON.stringify({ decisions, cpu: (used.user + used.system) / 1e6, wall: Number(process.hrtime.bigint() - began) / 1e9 })
)

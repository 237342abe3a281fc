// Verifies a file of tokens: node jwt.mjs PACKAGE TOKENS JWKS ISSUER AUDIENCE ALG PASSES
// Prints verdict counts of one pass and the seconds that a token file took.
import { readFileSync } from 'node:fs'
import { createPublicKey } from 'node:crypto'

const [library, tokensFile, jwksFile, issuer, audience, alg, passes] = process.argv.slice(2)
const tokens = readFileSync(tokensFile, 'utf8').split('\n').filter(Boolean)
const jwks = JSON.parse(readFileSync(jwksFile, 'utf8'))
const pem = createPublicKey({ key: jwks.keys[0], format: 'jwk' }).export({ type: 'spki', format: 'pem' })

async function verifier() {
  if (library === 'jose') {
    const { createLocalJWKSet, jwtVerify } = await import('jose')
    const keys = createLocalJWKSet(jwks)
    return (token) => jwtVerify(token, keys, { issuer, audience, algorithms: [alg] })
  }
  if (library === 'fast-jwt') {
    const { createVerifier } = await import('fast-jwt')
    return createVerifier({ key: pem, cache: false, allowedIss: issuer, allowedAud: audience, algorithms: [alg] })
  }
  const { default: jsonwebtoken } = await import('jsonwebtoken')
  const key = createPublicKey(pem)
  return (token) => jsonwebtoken.verify(token, key, { issuer, audience, algorithms: [alg] })
}

function kind(error) {
  const text = `${error.code ?? ''} ${error.claim ?? ''} ${error.message}`.toLowerCase()
  if (text.includes('expired')) return 'expired'
  if (text.includes('aud')) return 'audience'
  if (text.includes('signature')) return 'signature'
  throw error
}

const verify = await verifier()
const waits = library === 'jose'
async function pass() {
  const verdicts = { accepted: 0, signature: 0, expired: 0, audience: 0 }
  for (const token of tokens) {
    try {
      if (waits) await verify(token)
      else verify(token)
      verdicts.accepted += 1
    } catch (error) {
      verdicts[kind(error)] += 1
    }
  }
  return verdicts
}

const verdicts = await pass() // also lets the compiler warm up
const cpu = process.cpuUsage()
const began = process.hrtime.bigint()
for (let i = 0; i < Number(passes); i++) await pass()
const used = process.cpuUsage(cpu)
const wall = Number(process.hrtime.bigint() - began) / 1e9
console.log(
  JSON.stringify({ ...verdicts, cpu: (used.user + used.system) / 1e6 / Number(passes), wall: wall / Number(passes) })
)

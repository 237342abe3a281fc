"""Verifies a file of tokens: jwt_check.py _ TOKENS JWKS ISSUER AUDIENCE ALG PASSES

Prints verdict counts of one pass and the seconds that a token file took.
"""

import json
import sys
import time

import jwt

_, tokens_file, jwks_file, issuer, audience, alg, passes = sys.argv[1:]
with open(tokens_file) as file:
    tokens = file.read().split()
with open(jwks_file) as file:
    keys = jwt.PyJWKSet.from_dict(json.load(file))


def one_pass():
    verdicts = {"accepted": 0, "signature": 0, "expired": 0, "audience": 0}
    for token in tokens:
        try:
            key = keys[jwt.get_unverified_header(token)["kid"]].key
            jwt.decode(token, key, algorithms=[alg], issuer=issuer, audience=audience)
            verdicts["accepted"] += 1
        except jwt.ExpiredSignatureError:
            verdicts["expired"] += 1
        except jwt.InvalidAudienceError:
            verdicts["audience"] += 1
        except jwt.InvalidSignatureError:
            verdicts["signature"] += 1
    return verdicts


verdicts = one_pass()
cpu, wall = time.process_time(), time.perf_counter()
for _ in range(int(passes)):
    one_pass()
verdicts["cpu"] = (time.process_time() - cpu) / int(passes)
verdicts["wall"] = (time.perf_counter() - wall) / int(passes)
print(json.dumps(verdicts))

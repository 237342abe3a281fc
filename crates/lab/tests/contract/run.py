"""Runs tables of cases with boto3 against the account that the environment names, and prints what differed as JSON.

A case is a list of steps, each a call with what it is to answer: members by JMESPath (`want`), or a refusal by its code
and its words (`fails`). `keep` gives a part of an answer a name for the steps after it. Texts that begin with `$` stand
for something kept, for a document of the table (`$DOCUMENT`), or for a length (`$64`).
"""

import json
import os
import sys
import tomllib

import boto3
import botocore.config
import botocore.exceptions
import jmespath

CONFIG = botocore.config.Config(
    parameter_validation=False, retries={"max_attempts": 0}, connect_timeout=10, read_timeout=60
)


def filled(value, names):
    if isinstance(value, dict):
        return {key: filled(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled(inner, names) for inner in value]
    if not isinstance(value, str) or "$" not in value:
        return value
    if value.startswith("$") and value[1:] in names:
        return names[value[1:]]
    if value.startswith("$") and value[1:].isdigit():
        return "x" * int(value[1:])
    for name, text in names.items():
        if isinstance(text, str):
            value = value.replace("{$" + name + "}", text)
    return value


def session(service, keys):
    secret = {"aws_secret_access_key": keys["SecretAccessKey"], "aws_session_token": keys["SessionToken"]}
    return boto3.client(service, config=CONFIG, aws_access_key_id=keys["AccessKeyId"], **secret)


def same(said, wanted):
    if isinstance(wanted, str) and wanted.endswith("…") and isinstance(said, str):
        return said.startswith(wanted[:-1])
    return said == wanted


def differs(step, clients, names):
    service, operation = step["call"].split(".")
    client = session(service, names[step["as"]]) if "as" in step else clients[service]
    wanted = filled(step.get("fails"), names)
    try:
        answer = getattr(client, operation)(**filled(step.get("with", {}), names))
    except botocore.exceptions.ClientError as error:
        said = [error.response["Error"]["Code"], error.response["Error"].get("Message", "")]
        if wanted and all(same(*pair) for pair in zip(said, wanted)):
            return None
        return {"said": said, "wanted": wanted}
    if wanted:
        return {"said": "done", "wanted": wanted}
    for name, path in step.get("keep", {}).items():
        names[name] = jmespath.search(path, answer)
    for path, value in step.get("want", {}).items():
        said = jmespath.search(path, answer)
        value = None if value == "absent" else filled(value, names)
        if not same(said, value):
            return {"path": path, "said": said, "wanted": value}
    return None


def case(one, clients, known):
    names = dict(known)
    for step in one["steps"]:
        for number in range(step.get("times", 1)):
            names["n"] = str(number)
            wrong = differs(step, clients, names)
            if wrong:
                return {"case": one["name"], "step": step["call"], **wrong}
    return None


def main():
    clients = {name: boto3.client(name, config=CONFIG) for name in ("iam", "sts", "eks", "ec2")}
    known = json.loads(os.environ["TRUSTWALK_KNOWN"])
    wrong, count = [], 0
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            table = tomllib.load(file)
        names = known | {name: json.dumps(document) for name, document in table.get("documents", {}).items()}
        cases = list(table.get("case", []))
        for policy in table.get("policy", []):
            steps = []
            for number, text in enumerate(policy["documents"]):
                call = {"PolicyName": f"{policy['name']}-{number}", "PolicyDocument": text}
                step = {"call": "iam.create_policy", "with": call}
                if "says" in policy:
                    step["fails"] = ["MalformedPolicyDocument", policy["says"]]
                steps.append(step)
            told = [f"{policy['name']}: {step['with']['PolicyDocument']}" for step in steps]
            cases += [{"name": name, "steps": [step]} for name, step in zip(told, steps)]
        count += len(cases)
        wrong += [told for one in cases if (told := case(one, clients, names))]
    json.dump({"cases": count, "wrong": wrong}, sys.stdout, default=str, ensure_ascii=False, indent=1)


main()

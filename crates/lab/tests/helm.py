"""Helm's own library on a chart: each step's status and revision, as one JSON document."""

import json
import sys

import helm_python as helm

kubeconfig, folder, name, refused, changed, *before = sys.argv[1:]
chart = f"{folder}/{name}"
told = {}


def step(name, run):
    try:
        made = run()
        told[name] = f"{made['status']} {made['revision']}" if isinstance(made, dict) and "status" in made else "done"
    except helm.HelmError as error:
        told[name] = str(error)


waiting = {"wait": "watcher", "timeout": 60}
for other in before:
    with helm.Config(kubeconfig_path=kubeconfig, namespace=other) as cfg:
        step(other, lambda: cfg.install(f"{folder}/{other}", other, create_namespace=True, **waiting))
with helm.Config(kubeconfig_path=kubeconfig, namespace=name) as cfg:
    step("install", lambda: cfg.install(chart, name, create_namespace=True, **waiting))
    step("again", lambda: cfg.install(chart, name))
    for number, values in enumerate(json.loads(refused)):
        step(f"refused {number}", lambda: cfg.upgrade(chart, name, values, **waiting))
    step("upgrade", lambda: cfg.upgrade(chart, name, json.loads(changed), **waiting))
    step("rollback", lambda: cfg.rollback(name, version=1))
    step("test", lambda: cfg.test(name))
    told["history"] = [entry["status"] for entry in cfg.history(name)]
    step("uninstall", lambda: cfg.uninstall(name))
    told["left"] = [entry["name"] for entry in cfg.list()]

print(json.dumps(told))

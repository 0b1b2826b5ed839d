"""The service that courses on Kubernetes build: Flask, the `kubernetes` client, a static Job template.

The benchmarks compare the mesh with it. It asks the API server anew at each request, as such services do; its Jobs are
the mesh's own template, suspended, so that both give the control plane the same work.

    KUBECONFIG=... JOB_TEMPLATE=FILE NAMESPACE=... python flask_baseline.py HOST PORT
    gunicorn --workers 2 --threads 8 --bind HOST:PORT flask_baseline:app
"""

import copy
import os
import secrets
import sys
from pathlib import Path

import yaml
from flask import Flask, jsonify, request
from kubernetes import client, config

config.load_kube_config()
batch = client.BatchV1Api()
core = client.CoreV1Api()
namespace = os.environ["NAMESPACE"]
template = yaml.safe_load(Path(os.environ["JOB_TEMPLATE"]).read_text())

app = Flask(__name__)


@app.post("/free")
def create_job():
    dataset = request.get_json()["dataset"]
    job = copy.deepcopy(template)
    job["metadata"]["name"] = f"free-job-template-{secrets.token_hex(8)}"
    job["spec"]["suspend"] = True
    for variable in job["spec"]["template"]["spec"]["containers"][0]["env"]:
        if variable["name"] == "DATASET":
            variable["value"] = dataset
    created = batch.create_namespaced_job(namespace, job)
    return jsonify(job_name=created.metadata.name, namespace=namespace, status="queued")


@app.get("/config")
def list_pods():
    pods = core.list_pod_for_all_namespaces().items
    rows = [
        {
            "node": pod.spec.node_name,
            "ip": pod.status.pod_ip,
            "namespace": pod.metadata.namespace,
            "name": pod.metadata.name,
            "status": pod.status.phase,
        }
        for pod in pods
    ]
    return jsonify(pods=rows)


@app.get("/free/jobs")
def list_jobs():
    jobs = batch.list_namespaced_job(namespace).items
    newest = sorted(jobs, key=lambda job: job.metadata.creation_timestamp, reverse=True)[:50]
    return jsonify(
        jobs=[
            {
                "id": job.metadata.name,
                "status": "queued" if job.spec.suspend else "running",
                "created_at": job.metadata.creation_timestamp.isoformat(),
            }
            for job in newest
        ]
    )


@app.get("/healthz")
def healthz():
    return "ok"


if __name__ == "__main__":
    app.run(host=sys.argv[1], port=int(sys.argv[2]), threaded=True)

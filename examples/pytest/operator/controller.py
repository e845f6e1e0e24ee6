"""A small operator: every Widget gets a Deployment of its size, and reports when that is available."""

from typing import Any

from kubernetes import client, config, watch

GROUP, VERSION, PLURAL = "example.com", "v1", "widgets"


def deployment_of(widget: dict[str, Any]) -> dict[str, Any]:
    name = widget["metadata"]["name"]
    labels = {"widget": name}
    owner = {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "Widget",
        "name": name,
        "uid": widget["metadata"]["uid"],
        "controller": True,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "ownerReferences": [owner]},
        "spec": {
            "replicas": widget["spec"]["replicas"],
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "example.com/widget:1"}]},
            },
        },
    }


def reconcile(widget: dict[str, Any]) -> None:
    namespace, name = widget["metadata"]["namespace"], widget["metadata"]["name"]
    apps = client.AppsV1Api()
    try:
        apps.create_namespaced_deployment(namespace, deployment_of(widget))
    except client.ApiException as error:
        if error.status != 409:
            raise
        apps.patch_namespaced_deployment(name, namespace, {"spec": {"replicas": widget["spec"]["replicas"]}})
    accepted = {"type": "Accepted", "status": "True", "reason": "Deployed", "message": f"Deployment {name}"}
    client.CustomObjectsApi().patch_namespaced_custom_object_status(
        GROUP, VERSION, namespace, PLURAL, name, {"status": {"conditions": [accepted]}}
    )


def main() -> None:
    config.load_kube_config()
    widgets = client.CustomObjectsApi()
    for event in watch.Watch().stream(widgets.list_cluster_custom_object, GROUP, VERSION, PLURAL):
        if event["type"] in ("ADDED", "MODIFIED"):
            try:
                reconcile(event["object"])
            except client.ApiException as error:  # one that is on its way out must not end all others
                print(f"{event['object']['metadata']['name']}: {error.reason}: {error.body}", flush=True)


if __name__ == "__main__":
    main()

"""Kubernetes' own conformance specs, run against an environment with real nodes.

``python -m tests.conformance [REGEX]`` (or ``nox -s conformance``) runs the areas below, or the specs that REGEX finds.
Only specs whose images are agnhost and busybox can run without a registry; those are made here.
"""

import os
import re
import sys
from pathlib import Path

import ephemeral
from ephemeral.process import Finished, run
from ephemeral.spec.model import Cluster, Isolation, Spec
from tests.images import agnhost_image, busybox_image
from tests.programs import e2e_suite

#: One spec or a few of each area, for every day.
QUICK = (
    r"Pods should get a host IP",
    r"Pods should contain environment variables for services",
    r"Pods should be submitted and removed",
    r"Services should serve a basic endpoint from pods",
    r"Services should be able to change the type from ExternalName to ClusterIP",
    r"DNS should provide DNS for services ",
    r"DNS should provide DNS for pods for Hostname",
    r"ConfigMap should be consumable from pods in volume \[NodeConformance\]",
    r"Secrets should be consumable from pods in volume \[NodeConformance\]",
    r"Namespaces \[Serial\] should ensure that all pods are removed",
    r"CustomResourceDefinition resources .* creating/deleting custom resource definition objects works",
    r"AdmissionWebhook .* should mutate custom resource \[Conformance\]",
    r"Garbage collector should delete pods created by rc when not orphaning",
    r"Container Lifecycle Hook .* should execute poststart exec hook properly",
)

#: The areas that this project answers for.
AREAS = (
    r"\[sig-(node|network|storage|api-machinery|apps)\] "
    r"(Pods|Services|DNS|ConfigMap|Secrets|Namespaces|Custom|AdmissionWebhook|Garbage)"
)

#: Not run, and why.
EXCLUDED = {
    r"\[Disruptive\]": "they break the node on purpose",
    r"should be able to preserve UDP traffic": "its second pod must run on another node",
    r"session affinity": "they wait for timeouts of minutes",
    r"\[Slow\]": "minutes each",
}

_BUSYBOX = "registry.k8s.io/e2e-test-images/busybox:1.37.0-1"
_SECONDS = 3600.0


def run_specs(focus: str, report: Path, *, seconds: float = _SECONDS) -> Finished:
    """Run the conformance specs that ``focus`` (a regular expression) finds, in an environment made for them."""
    suite = e2e_suite()
    spec = Spec(
        name=ephemeral.unique_name("conformance"), cluster=Cluster(), isolation=Isolation(preset="none"), ttl="2h"
    )
    with ephemeral.up(spec) as environment:
        environment.load_image(agnhost_image())
        environment.load_image(busybox_image(), _BUSYBOX)
        return run(
            [
                suite,
                f"--kubeconfig={environment.kubeconfig}",
                "--provider=skeleton",
                f"--ginkgo.focus=({focus}).*\\[Conformance\\]",
                f"--ginkgo.skip={'|'.join(EXCLUDED)}",
                "--ginkgo.no-color",
                "--ginkgo.timeout=2h",
                f"--report-dir={report}",
                "--num-nodes=1",
            ],
            timeout=seconds,
            check=False,
            env={"KUBECONFIG": str(environment.kubeconfig)},
        )


def counts(output: str) -> dict[str, int]:
    """`Ran 12 of 7000 Specs ... 12 Passed | 0 Failed | ...` -> {"Passed": 12, "Failed": 0, ...}."""
    return {word: int(number) for number, word in re.findall(r"(\d+) (Passed|Failed|Pending|Skipped)\b", output)}


def main() -> None:
    focus = sys.argv[1] if len(sys.argv) > 1 else AREAS
    report = Path("conformance-report").absolute()
    report.mkdir(exist_ok=True)
    os.environ.setdefault("EPHEMERAL_STATE_DIR", str(report / "state"))
    finished = run_specs(focus, report)
    (report / "e2e.log").write_text(finished.stdout)
    for line in finished.stdout.splitlines():
        if "[FAIL]" in line or line.startswith(("Ran ", "FAIL!", "SUCCESS!")):
            print(line)
    sys.exit(finished.returncode)


if __name__ == "__main__":
    main()

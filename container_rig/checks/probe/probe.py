"""What a container may do, found out by trying it. Prints one line of JSON.

    python -c "$(cat probe.py)"

SPIN_SECONDS: for how long three processes take all the CPU they get, which is then measured.
ALLOCATE_MIB: how much memory a process of its own takes and writes to.
API_PATHS: JSON, a list of [method, path] to ask of the Kubernetes API with the account's token.
"""

import ctypes
import errno
import json
import os
import resource
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
SPIN = "import time\nend = time.monotonic() + {}\nwhile time.monotonic() < end: pass"
FILL = "block = bytearray({} << 20)\nfor i in range(0, len(block), 4096): block[i] = 1"


def write_to(folder: str) -> str:
    """Gives 'written', or the name of the error."""
    file = Path(folder) / f"probe-{os.getpid()}"
    try:
        file.write_text("probe")
        file.unlink()
        return "written"
    except OSError as error:
        return errno.errorcode[error.errno]


def keyring() -> str:
    """Asks the kernel for a keyring: a call that container runtimes' own profile does not allow."""
    libc = ctypes.CDLL(None, use_errno=True)
    get_keyring, session, create = 0, -3, 1
    keyctl = 250 if os.uname().machine == "x86_64" else 219
    answer = libc.syscall(keyctl, get_keyring, session, create)
    return "allowed" if answer >= 0 else errno.errorcode[ctypes.get_errno()]


def cgroup(*files: str) -> str:
    """Gives what the first of these files says: the kernel has one or the other."""
    for file in files:
        try:
            return Path("/sys/fs/cgroup", file).read_text().strip()
        except OSError:
            continue
    return "none"


def spin(seconds: float) -> float:
    """Gives how much CPU three processes took together, in CPUs."""
    started = time.monotonic()
    children = [subprocess.Popen([sys.executable, "-c", SPIN.format(seconds)]) for _ in range(3)]
    for child in children:
        child.wait()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (used.ru_utime + used.ru_stime) / (time.monotonic() - started)


def ask_api(calls: list) -> list:
    """Gives the status of each call."""
    token = (ACCOUNT / "token").read_text()
    context = ssl.create_default_context(cafile=ACCOUNT / "ca.crt")
    statuses = []
    for method, path in calls:
        request = urllib.request.Request(f"https://kubernetes.default.svc{path}", method=method)
        request.add_header("Authorization", f"Bearer {token}")
        if method == "POST":
            request.add_header("Content-Type", "application/json")
            request.data = b"{}"
        try:
            with urllib.request.urlopen(request, context=context, timeout=20) as answer:
                statuses.append(answer.status)
        except urllib.error.HTTPError as error:
            statuses.append(error.code)
    return statuses


def main() -> None:
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    services = [name for name in os.environ if name.endswith("_SERVICE_HOST") and not name.startswith("KUBERNETES_")]
    found = {
        "user": os.getuid(),
        "group": os.getgid(),
        "groups": sorted(os.getgroups()),
        "no_new_privileges": status["NoNewPrivs"] == "1",
        "capabilities": int(status["CapBnd"], 16),
        "seccomp": status["Seccomp"],
        "keyring": keyring(),
        "root": write_to("/var/tmp"),
        "token": (ACCOUNT / "token").exists(),
        "service_variables": len(services),
        "cpu_quota": cgroup("cpu/cpu.cfs_quota_us", "cpu,cpuacct/cpu.cfs_quota_us", "cpu.max"),
        "cpu_shares": cgroup("cpu/cpu.shares", "cpu,cpuacct/cpu.shares", "cpu.weight"),
        "memory_limit": cgroup("memory/memory.limit_in_bytes", "memory.max"),
    }
    if os.environ.get("SPIN_SECONDS"):
        found["cpu"] = spin(float(os.environ["SPIN_SECONDS"]))
    if os.environ.get("ALLOCATE_MIB"):
        found["memory"] = subprocess.run([sys.executable, "-c", FILL.format(os.environ["ALLOCATE_MIB"])]).returncode
    if os.environ.get("API_PATHS"):
        found["api"] = ask_api(json.loads(os.environ["API_PATHS"]))
    print(json.dumps(found))


main()

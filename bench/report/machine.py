"""Question: on which machine, and with what, was this measured?"""
import os
import pathlib
import platform
import subprocess

VULNERABILITIES = pathlib.Path("/sys/devices/system/cpu/vulnerabilities")
PACKAGES = ("liburing", "libuv", "libevent", "openssl", "fmt", "spdlog", "benchmark")


def output_of(*command):
    """The first line that a command writes, or nothing."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    except OSError:
        return ""
    return done.stdout.split("\n", 1)[0].strip() if done.returncode == 0 else ""


def processor():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def mitigations():
    if not VULNERABILITIES.is_dir():
        return {}
    return {file.name: file.read_text().strip() for file in sorted(VULNERABILITIES.iterdir())}


def versions():
    found = {name: output_of("pkg-config", "--modversion", name) for name in PACKAGES}
    found["asio"] = output_of("dpkg-query", "-W", "-f", "${Version}", "libasio-dev")
    found["twisted"] = output_of("dpkg-query", "-W", "-f", "${Version}", "python3-twisted")
    return {name: version for name, version in found.items() if version}


def driver_features(program):
    """{driver: what it found in the kernel}, as bench/runtime/driver_features.cpp prints them."""
    if program is None:
        return {}
    done = subprocess.run([program], capture_output=True, text=True, timeout=20, check=True)
    lines = (line.partition(":") for line in done.stdout.splitlines())
    return {name: features.split() for name, _, features in lines}


def machine(features_program):
    return {"kernel": f"{platform.system()} {platform.release()}", "cpu": processor(),
            "cores": os.cpu_count(), "mitigations": mitigations(),
            "compiler": output_of(os.environ.get("CXX", "c++"), "--version"),
            "versions": versions(), "driver_features": driver_features(features_program)}

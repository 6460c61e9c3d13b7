"""What a WORKSPACE calls to use Hydra: `hydra_deps()`."""

load(
    "//third_party/debian:repositories.bzl",
    "abseil_repository",
    "bazel_stub",
    "debian_repository",
)

# Upstream's names, for what Debian's packages provide here, and the files that rules run or read.
_DEBIAN_REPOSITORIES = {
    "com_github_cyan4973_xxhash": {"include/xxhash.h": "/usr/include/xxhash.h"},
    "com_github_google_benchmark": {},
    "com_github_grpc_grpc": {"bin/grpc_cpp_plugin": "/usr/bin/grpc_cpp_plugin"},
    "com_github_microsoft_mimalloc": {},
    "com_google_googletest": {},
    "com_google_protobuf": {
        "bin/protoc": "/usr/bin/protoc",
        "src/google/protobuf": "/usr/include/google/protobuf",
    },
    "openssl": {"include/openssl": "/usr/include/openssl"},
}

# What Bazel's own tools load, and Debian has in no form that its Bazel can use.
_BAZEL_STUBS = [
    "remote_coverage_tools",
    "rules_cc",
]

def hydra_deps():
    """Defines the repositories that Hydra's BUILD files name and the WORKSPACE hasn't defined.

    A workspace with an `@com_google_absl` of its own defines it first, and Hydra builds with that.
    Debian's gRPC is built with Debian's Abseil and protobuf, so bring all three or none.
    """
    _maybe(abseil_repository, "com_google_absl")
    for name, links in _DEBIAN_REPOSITORIES.items():
        _maybe(debian_repository, name, links = links)
    for name in _BAZEL_STUBS:
        _maybe(bazel_stub, name)
    _maybe(native.local_repository, "rules_java", path = "/usr/share/bazel/rules/java")

def _maybe(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

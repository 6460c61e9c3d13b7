"""Repository rules that give Debian's packages upstream's labels.

Headers are in /usr/include, which every compiler searches, so a target is little more than its linker
flags. But layering_check knows of those headers only that were there when Bazel first looked at the
compiler: a package that has joined packages.txt since brings its own (`hdrs`, by a link).
"""

load(":abseil.bzl", "ABSEIL_TARGETS")

def _debian_repository_impl(ctx):
    ctx.symlink(Label("//third_party/debian:%s.BUILD" % ctx.name), "BUILD.bazel")
    for path, target in ctx.attr.links.items():
        ctx.symlink(target, path)

debian_repository = repository_rule(
    implementation = _debian_repository_impl,
    attrs = {"links": attr.string_dict(doc = "Paths in the repository, and where Debian has them.")},
    doc = "The repository `name`, as `<name>.BUILD` beside this file describes it.",
    local = True,
)

_ABSEIL_BUILD = """\
package(default_visibility = ["//visibility:public"])

cc_library(
    name = "abseil",
    linkopts = ["-Wl,--push-state,--as-needed", {libraries}, "-Wl,--pop-state"],
)
"""

def _abseil_repository_impl(ctx):
    found = ctx.execute(["sh", "-c", "ls /usr/lib/*/libabsl_*.so"])
    if found.return_code != 0:
        fail("Abseil isn't installed (libabsl-dev): run ./bazelw, which installs what is missing")
    libraries = [
        "\"-l%s\"" % path.split("/")[-1][len("lib"):-len(".so")]
        for path in found.stdout.splitlines()
    ]
    ctx.file("BUILD.bazel", _ABSEIL_BUILD.format(libraries = ", ".join(libraries)))
    for package, targets in ABSEIL_TARGETS.items():
        ctx.file("absl/%s/BUILD.bazel" % package, "\n".join(
            ["package(default_visibility = [\"//visibility:public\"])"] +
            ["cc_library(name = \"%s\", deps = [\"//:abseil\"])" % target for target in targets],
        ))

abseil_repository = repository_rule(
    implementation = _abseil_repository_impl,
    doc = "Abseil. Each target links whichever libraries are needed: which those are, Debian doesn't say.",
    local = True,
)

# Debian's bazel-rules-cc is too new for its Bazel, whose own rules are native.
_RULES_CC = "".join(["%s = native.%s\n" % (rule, rule) for rule in [
    "cc_binary",
    "cc_import",
    "cc_library",
    "cc_libc_top_alias",
    "cc_proto_library",
    "cc_test",
    "cc_toolchain",
    "cc_toolchain_suite",
    "fdo_prefetch_hints",
    "fdo_profile",
    "objc_library",
]])

# `bazel test` resolves these even when no coverage is asked for.
_COVERAGE = """\
package(default_visibility = ["//visibility:public"])
filegroup(name = "coverage_report_generator")
filegroup(name = "lcov_merger")
"""

def _bazel_stub_impl(ctx):
    if ctx.name == "rules_cc":
        ctx.file("cc/BUILD.bazel")
        ctx.file("cc/defs.bzl", _RULES_CC)
    else:
        ctx.file("BUILD.bazel", _COVERAGE)

bazel_stub = repository_rule(
    implementation = _bazel_stub_impl,
    doc = "The little of @rules_cc or @remote_coverage_tools that Bazel itself uses.",
)

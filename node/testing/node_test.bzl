"""The rule of tests of nodes."""

load("//bazel:hydra.bzl", "hydra_cc_test")

# What nearly all of them use, and what the sanitizers are told of gRPC.
_DEPS = [
    "//node",
    "//node:node_options",
    "//node/testing:local_node",
    "//node/testing:lsan_options",
    "//node/testing:tsan_options",
    "//process",
    "//process:runtime",
    "//process/testing:process_test",
    "@com_google_absl//absl/status",
    "@com_google_absl//absl/status:statusor",
    "@com_google_absl//absl/strings",
    "@com_google_absl//absl/time",
    "@com_google_googletest//:gtest_main",
]

def hydra_node_test(name, size, deps = [], os_nodes = False, **kwargs):
    """A test of nodes, in <name>.cc.

    Args:
      name: the test's.
      size: as in hydra_cc_test.
      deps: those beside //node, LocalNode, //process, process_test, Abseil's commonest and GoogleTest.
      os_nodes: whether it has any OsNode.
      **kwargs: handed to hydra_cc_test.
    """
    if os_nodes:
        program = "//node/testing:os_node_program"
        kwargs = dict(kwargs, data = [program], env = {"HYDRA_OS_NODE": "$(rootpath %s)" % program})
        deps = deps + ["//node/testing:os_node"]
    hydra_cc_test(
        name = name,
        size = size,
        srcs = [name + ".cc"],
        deps = deps + _DEPS,
        **kwargs
    )

"""`hydra_cc_fuzz_test`: a function that any bytes may be handed to, as a test and as a fuzzer."""

load("//bazel:hydra.bzl", "hydra_cc_binary", "hydra_cc_test")

_SUFFIX = "_fuzz_test"

def hydra_cc_fuzz_test(name, corpus, size, deps, mutations = 2000, **kwargs):
    """A test of `LLVMFuzzerTestOneInput`, which <name>.cc defines, and a libFuzzer of it.

        hydra_cc_fuzz_test(
            name = "frame_fuzz_test",
            size = "small",
            corpus = "corpus/frame",
            deps = [":frame"],
        )

    The function aborts if anything is wrong (HYDRA_CHECK); throwing is wrong, too. Two targets:

      frame_fuzz_test  runs the corpus, and the same mutations of it each time, in every configuration.
      frame_fuzzer     searches for as long as it is let, and adds to the directory what takes new branches:

        ./bazelw build --config=fuzz //node/internal:frame_fuzzer
        bazel-bin/node/internal/frame_fuzzer -max_total_time=300 "$(mktemp -d)" node/internal/corpus/frame

    Args:
      name: the test's; ends in _fuzz_test.
      corpus: the directory of the committed inputs, one a file.
      size: the test's.
      deps: of the source.
      mutations: so many the test runs.
      **kwargs: handed to hydra_cc_test.
    """
    if not name.endswith(_SUFFIX):
        fail("%s should end in %s" % (name, _SUFFIX))
    inputs = native.glob([corpus + "/*"])
    if not inputs:
        fail("%s has no inputs" % corpus)
    srcs = [name + ".cc"]
    hydra_cc_test(
        name = name,
        size = size,
        srcs = srcs,
        args = ["%s/%s" % (native.package_name(), corpus), str(mutations)],
        data = inputs,
        deps = deps + ["//bazel:fuzz_main"],
        **kwargs
    )
    hydra_cc_binary(
        name = name[:-len(_SUFFIX)] + "_fuzzer",
        testonly = True,
        srcs = srcs,
        linkopts = ["-fsanitize=fuzzer"],
        # Its main is libFuzzer's, and without --config=fuzz it would see nothing.
        tags = ["manual"],
        deps = deps,
    )

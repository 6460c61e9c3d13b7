"""The rules of this tree: cc_library and its like, with Hydra's flags and include prefix."""

COPTS = [
    "-std=c++20",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-Wthread-safety",
]

# clang then refuses to include a header that no direct dependency exports.
_FEATURES = ["layering_check"]

def hydra_cc_library(name, hdrs = [], copts = [], features = [], **kwargs):
    """A library whose headers are included as "hydra/<package>/<file>.h".

    Each header also compiles alone, in a target of its own (`<name>_headers`) that `//...` builds.

    Args:
      name: as in cc_library.
      hdrs: as in cc_library, file names only.
      copts: added to Hydra's.
      features: added to Hydra's.
      **kwargs: handed to cc_library.
    """
    prefix = "/".join(["hydra"] + [part for part in [native.package_name()] if part])
    native.cc_library(
        name = name,
        hdrs = hdrs,
        copts = COPTS + copts,
        features = _FEATURES + features,
        include_prefix = prefix,
        # With many small libraries, a shared object of each costs more than it saves.
        linkstatic = True,
        strip_include_prefix = "",
        **kwargs
    )
    if hdrs:
        _compile_alone(name, ["%s/%s" % (prefix, header) for header in hdrs], copts)

def hydra_cc_binary(name, copts = [], features = [], **kwargs):
    """A binary with Hydra's flags."""
    native.cc_binary(
        name = name,
        copts = COPTS + copts,
        features = _FEATURES + features,
        **kwargs
    )

def hydra_cc_test(name, size, copts = [], features = [], **kwargs):
    """A test with Hydra's flags. `size` is always stated; "small" means under two seconds."""
    native.cc_test(
        name = name,
        size = size,
        copts = COPTS + copts,
        features = _FEATURES + features,
        linkstatic = True,
        **kwargs
    )

def hydra_cc_benchmark(name, tags = [], **kwargs):
    """A binary that measures: built with everything else, so that it doesn't rot, and run by hand.

        ./bazelw run --config=opt //benchmarks:messages

    Args:
      name: the binary's.
      tags: added to "benchmark".
      **kwargs: handed to hydra_cc_binary.
    """
    hydra_cc_binary(name = name, testonly = True, tags = ["benchmark"] + tags, **kwargs)

def _compile_alone(library, includes, copts):
    """Compiles a file for each of the library's headers that includes it and nothing else.

    Bazel 4 has the feature parse_headers, but its toolchain ignores it.
    """
    name = library + "_headers"
    sources = {"%s/%s.cc" % (name, include.split("/")[-1]): include for include in includes}
    native.genrule(
        name = name + "_sources",
        testonly = True,
        outs = sources.keys(),
        cmd = "\n".join([
            "echo '#include \"%s\"' > $(RULEDIR)/%s" % (include, source)
            for source, include in sources.items()
        ]),
    )
    native.cc_library(
        name = name,
        testonly = True,
        srcs = sources.keys(),
        copts = COPTS + copts,
        features = _FEATURES,
        linkstatic = True,
        deps = [":" + library],
    )

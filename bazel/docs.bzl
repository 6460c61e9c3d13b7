"""`hydra_doc_code`: the C++ in a document, compiled."""

load(":hydra.bzl", "hydra_cc_library")

def hydra_doc_code(name, doc, includes, deps):
    """Compiles the C++ blocks of a Markdown document, one after the other, as one file.

    Args:
      name: the target's.
      doc: the document.
      includes: what it says that its examples come after, as in #include "...".
      deps: what they use.
    """
    lines = ["#include <%s>" % header for header in ["iostream", "optional", "string", "vector"]]
    lines += ['#include "%s"' % header for header in includes]
    native.genrule(
        name = name + "_source",
        srcs = [doc],
        outs = [name + ".cc"],
        cmd = "(printf '%%s\\n' %s; sed -n '/^```cpp$$/,/^```$$/{/^```/!p}' $<) > $@" %
              " ".join(["'%s'" % line for line in lines]),
    )
    hydra_cc_library(
        name = name,
        srcs = [name + ".cc"],
        # Functions that are only declared, results that are only shown.
        copts = ["-Wno-unused-variable"],
        tags = ["compile_only"],
        testonly = True,
        deps = deps,
    )

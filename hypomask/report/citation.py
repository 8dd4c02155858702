"""What a paper that uses a verdict should cite."""

from __future__ import annotations

from dataclasses import dataclass

from hypomask.version import __version__

__all__ = ["METHOD_REFERENCES", "SOFTWARE", "Reference"]


@dataclass(frozen=True)
class Reference:
    """A published source, and what of it the verdict rests on."""

    text: str
    doi: str
    used_for: str


SOFTWARE = (
    f"hypomask developers. hypomask {__version__}: which gene-interaction hypothesis do the data support? Apache-2.0."
)

METHOD_REFERENCES = (
    Reference(
        "Qin H (2024). Self-attention mechanisms as representations for gene interaction networks in hypothesis-driven "
        "gene-based transformer genomics AI models. Proceedings of the AAAI Symposium Series 4(1), 334–336.",
        "10.1609/aaaiss.v4i1.31813",
        "a hypothesis is an attention mask",
    ),
    Reference(
        "Nadeau C, Bengio Y (2003). Inference for the generalization error. Machine Learning 52, 239–281.",
        "10.1023/A:1024068626366",
        "intervals that know that folds share their training samples",
    ),
    Reference(
        "Bates S, Hastie T, Tibshirani R (2024). Cross-validation: what does it estimate and how well does it do it? "
        "Journal of the American Statistical Association 119, 1434–1445.",
        "10.1080/01621459.2023.2197686",
        "what a cross-validated loss estimates",
    ),
    Reference(
        "Besag J, Clifford P (1991). Sequential Monte Carlo p-values. Biometrika 78, 301–304.",
        "10.1093/biomet/78.2.301",
        "p values of the null masks",
    ),
    Reference(
        "Maslov S, Sneppen K (2002). Specificity and stability in topology of protein networks. Science 296, 910–913.",
        "10.1126/science.1065103",
        "null masks with the same degrees",
    ),
    Reference(
        "Hansen PR, Lunde A, Nason JM (2011). The model confidence set. Econometrica 79, 453–497.",
        "10.3982/ECTA5771",
        "the set of hypotheses that may be the best",
    ),
    Reference(
        "Holm S (1979). A simple sequentially rejective multiple test procedure. "
        "Scandinavian Journal of Statistics 6, 65–70.",
        "",
        "several hypotheses tested together",
    ),
    Reference(
        "Yao Y, Vehtari A, Simpson D, Gelman A (2018). Using stacking to average Bayesian predictive distributions. "
        "Bayesian Analysis 13, 917–1007.",
        "10.1214/17-BA1091",
        "stacking weights",
    ),
    Reference(
        "Tsamardinos I, Greasidou E, Borboudakis G (2018). Bootstrapping the out-of-sample predictions for efficient "
        "and accurate cross-validation. Machine Learning 107, 1895–1922.",
        "10.1007/s10994-018-5714-4",
        "the winner's skill corrected for having been selected",
    ),
)

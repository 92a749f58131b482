"""The estimators, one Python function per registered word; their keywords are described in C++, once."""
from buffon._docs_adaptive import DOCS as _ADAPTIVE
from buffon._docs_hierarchies import DOCS as _HIERARCHIES
from buffon._docs_rare import DOCS as _RARE
from buffon._docs_samples import DOCS as _SAMPLES
from buffon._docs_sampling import DOCS as _SAMPLING
from buffon._docs_sensitivity import DOCS as _SENSITIVITY
from buffon._surface import function

_DOCS = _SAMPLING | _ADAPTIVE | _RARE | _HIERARCHIES | _SAMPLES | _SENSITIVITY

for _name, (_summary, _rest) in _DOCS.items():
    globals()[_name] = function(_name, _summary, _rest)

__all__ = sorted(_DOCS)

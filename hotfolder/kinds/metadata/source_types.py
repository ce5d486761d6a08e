"""What IPTC calls the ways in which a picture, film or sound may have been made.

Source: https://cv.iptc.org/newscodes/digitalsourcetype/
"""

from __future__ import annotations

from typing import Final

EDITED_BY_AI: Final = (
    "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
)
MADE_BY_AI: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"

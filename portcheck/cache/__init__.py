"""Answers that were found once, kept by what they were found from.

An entry's name is a digest of everything that the answer rests on: the bytes of the files, the
configuration, portcheck's own code and rules. So an entry is never out of date, only unused: what
changed has another name. `Store` keeps bytes in a folder, `codec` turns answers into bytes and back,
`digest` names them. Nothing here knows what an answer says.
"""

from portcheck.cache.codec import CodecError, decode, encode
from portcheck.cache.folder import default_folder
from portcheck.cache.store import Store

__all__ = ["CodecError", "Store", "decode", "default_folder", "encode"]

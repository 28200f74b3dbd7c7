import sys , gc
from sys import version_info as v , platform
from sys import (
    byteorder ,  # which
    maxsize ,
)
print(v [ 0 ], byteorder, isinstance(platform , str), maxsize > 0)

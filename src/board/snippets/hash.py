try:
 from hashlib import new as __belay_fn
 def __belay_fs():
  return __belay_fn('sha256')
 __belay_fs()
 __belay_fc=0
except Exception:
 class __belay_fs:
  def __init__(s):
   s.h=0 if __belay_fs.c else 0x811c9dc5
  def digest(s):
   return b'%08x'%s.h
  try:
   from binascii import crc32 as c
   def update(s,b):
    s.h=__belay_fs.c(b,s.h)&0xffffffff
  except ImportError:
   c=None
   def update(s,b):
    h=s.h
    for x in b:
     h=((h^x)*0x1000193)&0xffffffff
    s.h=h
 __belay_fc=1 if __belay_fs.c else 2

import os as __belay_fo
try:
 from hashlib import sha256 as __belay_fs
except ImportError:
 try:
  import hashlib
  hashlib.new('sha256')
  def __belay_fs(n=hashlib.new):
   return n('sha256')
  del hashlib
 except Exception:
  __belay_fs=None
  class __belay_fc:
   def __init__(s):
    s.h=0 if __belay_fc.c else 0x811c9dc5
   def digest(s):
    return b'%08x'%s.h
   try:
    from binascii import crc32 as c
    def update(s,b):
     s.h=__belay_fc.c(b,s.h)&0xffffffff
   except ImportError:
    c=None
    def update(s,b):
     h=s.h
     for x in b:
      h=((h^x)*0x1000193)&0xffffffff
     s.h=h
def __belay_fh(p,n):
 h=(__belay_fs or __belay_fc)()
 b=bytearray(n)
 f=open(p,'rb')
 try:
  while 1:
   i=f.readinto(b)
   if not i:
    break
   h.update(b if i==n else b[:i])
 finally:
  f.close()
 return h.digest()
def __belay_fx(f,l):
 i=0
 try:
  for p in l:
   f(*p)
   i+=1
 except OSError as e:
  return i,e.args[0]
 return i,0
def __belay_fi(d,o=__belay_fo):
 l=getattr(o,'ilistdir',o.listdir)
 for e in l(d or'/'):
  if type(e)==str:
   e=e,0
  n=d+'/'+e[0]
  if n in __belay_l[3:]:
   continue
  t=e[1]
  z=e[3]if len(e)>3 else -1
  if not t or(z<0 and t!=0x4000):
   s=o.stat(n)
   t=s[0]
   z=s[6]
  yield n,-1 if t&0x4000 else z
def __belay_fw(n,m,t=[]):
 if n!=None:
  t[:]=[__belay_fi(n)]
 r=[]
 while t:
  for e in t[-1]:
   m-=len(e[0])+8
   r.append(e)
   if e[1]<0:
    t.append(__belay_fi(e[0]))
    break
   if m<0:
    break
  else:
   t.pop()
  if m<0:
   break
 return r,len(t)
def __belay_ff(o=__belay_fo):
 import gc,sys
 o.stat,o.rename,o.mkdir
 gc.collect()
 m=getattr(gc,'mem_free',None)
 i=getattr(sys,'stdin',None)
 try:
  from deflate import DeflateIO
  z=1
 except ImportError:
  z=0
 c=0 if __belay_fs else 1 if __belay_fc.c else 2
 return c,2 if hasattr(i,'buffer')else 1 if hasattr(i,'read')and __belay_b else 0,z,m and m()

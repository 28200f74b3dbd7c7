import os as __belay_fo
__belay_fc=0
try:
 from hashlib import sha256 as __belay_fs
except ImportError:
 __belay_fc=3
def __belay_fh(p,n):
 h=__belay_fs()
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
def __belay_fk(p):
 try:
  s=__belay_fo.stat(p)
 except OSError as e:
  return None,e.args[0]
 return s[0],s[6]
def __belay_fi(d,o=__belay_fo):
 l=getattr(o,'ilistdir',o.listdir)
 for e in l(d or'/'):
  if type(e)==str:
   e=e,0
  n=d+'/'+e[0]
  if n in __belay_l[5:]:
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
 return __belay_fc,2 if hasattr(i,'buffer')and int.from_bytes(b'\1'*9,'little')>>64 else 1 if hasattr(i,'read')and __belay_b else 0,z,m and m()

__belay_y={}
try:
 from struct import unpack as __belay_yu
except ImportError:
 __belay_yu=None
def __belay_yf():
 import gc,sys
 gc.collect()
 m=getattr(gc,'mem_free',None)
 i=getattr(sys,'stdin',None)
 try:
  from deflate import DeflateIO
  z=1
 except ImportError:
  z=0
 try:
  __belay_yu('<2h',b'1234')
  u=1
 except Exception:
  u=0
 return 1 if __belay_s else 2,2 if hasattr(i,'buffer')and int.from_bytes(b'\1'*9,'little')>>64 else 1 if hasattr(i,'read')and __belay_b else 0,z,m and m(),u
class __belay_yg:
 def __init__(s,n,g):
  s.n=n
  s.g=g
 def __len__(s):
  return s.n+1
 def __iter__(s):
  for b in s.g:
   yield from b
def __belay_yp(t,n,e):
 while n:
  h=b''.join(t(5))
  g=t(int(h[1:],16))
  if h[:1]==b'z':
   g=__belay_fz(g,e)
  for b in g:
   n-=len(b)
   yield b
def __belay_yr(c,w,k,e,l,q):
 import gc
 y=__belay_y
 y.clear()
 gc.collect()
 m=getattr(gc,'mem_free',None)
 m=m and m()
 if m:
  if m<l+999:
   return-2,m
  q=q or m<3*l+9999
 t=__belay_ft(c,w,k)
 o=0
 while 1:
  h=b''.join(t(5))
  n=int(h[1:],16)
  if h[:1]!=b'k':
   return o,m
  i,n,s,d,f,u=[int(x)for x in str(b''.join(t(n)),'utf-8').split()]
  v=__belay_yp(t,n,e)
  v=bytes(__belay_yg(n,v))if q else b''.join(v)
  if(__belay_s(v)&0xffffffff if __belay_s else sum(v))!=d:
   o=-1
  elif s>1:
   v=__belay_yu('<%d%s'%(u,chr(f)),v)
   if s<3:
    v=list(v)
  y[i]=str(v,'utf-8')if s==1 else v

try:
 from time import ticks_ms as __belay_gt,ticks_diff as __belay_gd
except ImportError:
 from time import monotonic as __belay_gt
 def __belay_gd(a,b):
  return(a-b)*1000
def __belay_ge(e):
 raise e
 yield
def __belay_g(k,s,m,d=__belay_d,q=__belay,t=__belay_gt,w=__belay_gd,n=len,f=next,e=__belay_ge,h=hasattr,i=isinstance,S=StopIteration,K=KeyboardInterrupt,B=BaseException):
 g=d[k]
 d[0]=r=[s]
 o='R'
 b=t()
 try:
  while n(r)<=m and w(t(),b)<50:
   if not h(g,'send'):
    raise S
   r.append(f(g))
 except S:
  del d[k]
  o='S'
 except B as x:
  if n(r)<2 or i(x,K):
   del d[k]
   raise
  d[k]=e(x)
 q(r,o)

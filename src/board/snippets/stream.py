try:
 from time import ticks_ms as __belay_st,ticks_diff as __belay_sd
except ImportError:
 from time import monotonic as __belay_st
 def __belay_sd(a,b):
  return(a-b)*1000
try:
 import sys as __belay_sy,select as __belay_sp
 __belay_sp=__belay_sp.poll()
 __belay_sp.register(__belay_sy.stdin,1)
 __belay_sp=__belay_sp.poll
 __belay_sp(0)
except Exception:
 __belay_sp=lambda n:0
def __belay_si(v,b=__belay_b,n=len,s=str):
 k='R'
 if b and type(v)in(bytes,bytearray)and n(v)>64:
  k='B'
  x=s(b(v)[:-1],'ascii')
 else:
  x=repr(v)
  if x[:7]=='<memory':
   x=repr(bytes(v))
 return'%s%d:%s'%(k,n(x),x)
def __belay_sh(r,u,a=__belay_a):
 c=ord(r(1))
 if c==114 or c==1:
  for i,t in u:
   a('Q',t)
  return 0
 if c>114:
  return c-114
 if u and c&7==u[0][0]&7:
  u.pop(0)
 return c>>6&1
def __belay_gs(k,s,m,d=__belay_d,q=__belay,a=__belay_a,n=len,f=next,h=__belay_sh,i=__belay_si,p=__belay_sp,T=__belay_st,D=__belay_sd,S=StopIteration,K=KeyboardInterrupt,B=BaseException):
 import sys
 r=sys.stdin
 r=getattr(r,'buffer',r).read
 g=d[k]
 u=[]
 z=e=None
 t=[]
 c=0
 b=y=T()
 def o(t):
  u.append((s,t))
  a('Q',t)
 while not z:
  try:
   if not hasattr(g,'send'):
    raise S
   x=i(f(g))
   t.append(x)
   c+=n(x)
  except B as x:
   del d[k]
   if isinstance(x,K):
    raise
   e=x
   break
  while n(u)>1 and not z:
   w=T()
   if n(t)<m and c<900 and D(w,b)<10:
    if w==y:
     break
    y=w
    if not p(0):
     break
   z=h(r,u)
  if n(u)<2 or z:
   o('%d;'%s+''.join(t))
   s+=1
   t=[]
   c=0
   b=T()
   while not z and p(0):
    z=h(r,u)
 if t:
  o('%d;'%s+''.join(t))
  s+=1
 o('e%d'%s)
 while h(r,u)<2:
  pass
 if e is None:
  q(None)
 elif isinstance(e,S):
  q(getattr(e,'value',None),'S')
 else:
  raise e

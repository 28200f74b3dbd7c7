__belay_o={}
__belay_of=len,str,repr,hash
def __belay_ol(v,s=str,t=type):
 return s(t(v))[8:-2]in('int','str','bool','float','bytes','NoneType')
def __belay_ok(n,v):
 if not __belay_ol(v):
  __belay_o[n]=v
  v=(n,)
 __belay(v)
def __belay_ox(*a):
 for n in a:
  __belay_o.pop(n,None)
def __belay_oi(t,n,*o,u=len,i=iter,f=next,h=hasattr,s=str,y=type):
 if o:
  __belay_o[t]=i(o[0]),32 if s(y(o[0]))[8:-2]in('list','tuple','dict','set','frozenset','range','str','bytes','bytearray','array','dict_view','deque')else 1
 i,m=__belay_o[t]
 r=[]
 c=0
 try:
  while u(r)<m and c<512:
   v=f(i)
   if not __belay_ol(v):
    __belay_o[n+u(r)]=v
    v=(n+u(r),)
   elif h(v,'find'):
    c+=u(v)
   r.append(v)
 except StopIteration:
  del __belay_o[t]
  r.append(())
 __belay(r)

__belay_o={}
def __belay_l(v):
 return str(type(v))[8:-2]in('int','str','bool','float','bytes','NoneType')
def __belay_p(n,v):
 if not __belay_l(v):
  __belay_o[n]=v
  v=(n,)
 __belay(v)
def __belay_x(*a):
 for n in a:
  __belay_o.pop(n,None)
def __belay_i(t,n,*o):
 if o:
  __belay_o[t]=iter(o[0]),32 if str(type(o[0]))[8:-2]in('list','tuple','dict','set','frozenset','range','str','bytes','bytearray','array','dict_view','deque')else 1
 i,m=__belay_o[t]
 r=[]
 s=0
 try:
  while len(r)<m and s<512:
   v=next(i)
   if not __belay_l(v):
    __belay_o[n+len(r)]=v
    v=(n+len(r),)
   elif hasattr(v,'find'):
    s+=len(v)
   r.append(v)
 except StopIteration:
  del __belay_o[t]
  r.append(())
 __belay(r)

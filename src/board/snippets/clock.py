try:
 from time import ticks_us as __belay_u,ticks_add as __belay_p
 __belay_p=__belay_p(0,-1)+1,1000000
except ImportError:
 try:
  from supervisor import ticks_ms as __belay_u
  __belay_p=1<<29,1000
 except ImportError:
  from time import monotonic as __belay_u
  __belay_u=lambda m=__belay_u:int(m()*1000)
  __belay_p=0,1000
def __belay_w(f,t=__belay_u,r=repr,q=__belay):
 a=t()
 v=f()
 b=t()
 q((a,b,r(v)))
__belay(__belay_p)

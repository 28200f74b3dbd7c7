__belay_d={}
def __belay_n(k,v):
 try:
  v=__belay_d[k].send(v)
 except StopIteration as e:
  del __belay_d[k]
  return __belay(getattr(e,'value',None),'S')
 except BaseException:
  del __belay_d[k]
  raise
 __belay(v)
def __belay_c(k):
 g=__belay_d.pop(k,None)
 if g:
  g.close()

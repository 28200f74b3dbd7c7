__belay_d={}
def __belay_n(k,v,d=__belay_d,h=hasattr,g=getattr,S=StopIteration,B=BaseException,q=__belay):
 if not h(d[k],'send'):
  return q(d.pop(k),'S')
 try:
  v=d[k].send(v)
 except S as e:
  del d[k]
  return q(g(e,'value',None),'S')
 except B:
  del d[k]
  raise
 q(v)
def __belay_c(k,d=__belay_d):
 g=d.pop(k,None)
 if g:
  g.close()

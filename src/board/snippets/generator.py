def __belay_n(g,v):
 try:
  v=g.send(v)
 except StopIteration as e:
  v=e.value if hasattr(e,'value')else None
  return __belay(v,'S')
 __belay(v)

def __belay_i():
 s=__import__('sys')
 i=s.implementation
 v=tuple(i.version)[:3]if hasattr(i,'version')else()
 try:
  m=__import__('gc').mem_free()
 except Exception:
  m=None
 return i.name,v,s.platform,getattr(i,'_mpy',getattr(i,'mpy',0)),m
__belay(__belay_i())
del __belay_i

def __belay_u(d):
 try:
  import sys
  s=sys.modules
  M=type(__import__('__main__'))
  for n in list(s):
   m=s[n]
   if d and type(m)is M and n[:7]!='webrepl':
    f=getattr(m,'__file__','')or getattr(m,'__path__','')
    if not f:
     try:
      m.__belay_u=0
      del m.__belay_u
     except Exception:
      continue
    if f[:1]!='.'and f[:2]!='/.':
     del s[n]
  return True
 except Exception:
  return False

class __belay_Y:
 def __init__(s,t):
  s.t=t
  s.x=None
 def __enter__(s):
  __belay_a('Q','typed')
  return s
 def __exit__(s,k,v,b):
  import sys
  r=sys.stdin
  r=getattr(r,'buffer',r).read
  n=-1
  c='\x01'
  while 1:
   if c=='\x01':
    n+=1
    w='%s%d;'%(s.t,n)
    d=''
    __belay_a('Q','typed%d'%n)
   try:
    c=r(1)
    if type(c)is not str:
     c=chr(c[0])
   except UnicodeError:
    c=''
   d=(d+c)[-len(w):]
   if d==w:
    break
  if isinstance(v,SystemExit):
   s.x=v.args
   return True
 def r(s):
  if s.x is None:
   __belay(None)
  else:
   __belay(s.x,'S')

def __belay_fr(c,w,k,e):
 t=__belay_ft(c,w,k)
 j=b''.join
 o=__belay_fo
 f=q=None
 i=0
 try:
  while 1:
   h=j(t(5))
   n=int(h[1:],16)
   h=h[:1]
   g=t(n)
   if h==b'n':
    p=str(j(g),'utf-8')
    q=p[:p.rfind('/')+1]+'__belay.tmp'
    f=open(q,'wb')
   elif h==b'd'or h==b'z':
    if h==b'z':
     g=__belay_fz(g,e)
    for x in g:
     f.write(x)
   elif h==b'e':
    f.close()
    f=None
    if __belay_fh(q,4096 if e>12 else 256)!=j(g):
     return i,-1
    try:
     o.rename(q,p)
    except OSError as x:
     if x.args[0]!=17:
      raise
     o.remove(p)
     o.rename(q,p)
    q=None
    i+=1
   else:
    return i,0
 except OSError as x:
  return i,x.args[0]
 finally:
  if f:
   f.close()
  if q:
   try:
    o.remove(q)
   except OSError:
    pass

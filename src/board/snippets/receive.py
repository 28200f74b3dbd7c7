def __belay_fg(c,w,k,S):
 import sys
 r=sys.stdin
 if k:
  r=r.buffer.read
  u=int.from_bytes
 else:
  from binascii import a2b_base64 as u
  t=r.read
  r=lambda n:bytes(t(n),'utf-8')
 n=0
 h=b'\x01'
 while 1:
  while h==b'\x01':
   for i in range(n,n+w):
    __belay_a('Q',str(i))
   h=r(1)
  m=c
  if h==b's':
   m=int(r(3),16)
  elif h!=b'f':
   raise ValueError('stream')
  d=r(m)
  while b'\x01'in d:
   d=d.replace(b'\x01',b'')
   d+=r(m-len(d))
  __belay_a('Q',str(n+w))
  n+=1
  if k:
   m-=k
   S[0]=(u(d[k:],'little')^u((d[:k]*(m//k+1))[:m],'little')).to_bytes(m,'little')
  else:
   S[0]=u(d)
  yield
  h=r(1)
def __belay_fr(c,w,k,e):
 S=[b'']
 g=__belay_fg(c,w,k,S)
 def t(n,f):
  while n:
   b=S[0]
   if not b:
    next(g)
    continue
   if len(b)>n:
    S[0]=b[n:]
    b=b[:n]
   else:
    S[0]=b''
   f(b)
   n-=len(b)
 def a(n):
  l=[]
  t(n,l.append)
  return b''.join(l)
 o=__belay_fo
 f=q=None
 i=0
 try:
  while 1:
   h=a(5)
   n=int(h[1:],16)
   h=h[:1]
   if h==b'n':
    p=str(a(n),'utf-8')
    q=p[:p.rfind('/')+1]+'__belay.tmp'
    f=open(q,'wb')
   elif h==b'd':
    t(n,f.write)
   elif h==b'z':
    from io import BytesIO
    from deflate import DeflateIO,RAW
    b=BytesIO()
    t(n,b.write)
    b.seek(0)
    b=DeflateIO(b,RAW,e)
    while 1:
     x=b.read(512)
     if not x:
      break
     f.write(x)
   elif h==b'e':
    f.close()
    f=None
    if __belay_fh(q,4096 if e>12 else 256)!=a(n):
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

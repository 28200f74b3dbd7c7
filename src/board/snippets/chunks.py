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
  elif h!=b'c':
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
def __belay_ft(c,w,k):
 S=[b'']
 g=__belay_fg(c,w,k,S)
 def t(n):
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
   n-=len(b)
   yield b
 return t
def __belay_fz(g,e):
 from io import BytesIO
 from deflate import DeflateIO,RAW
 b=BytesIO()
 for x in g:
  b.write(x)
 b.seek(0)
 b=DeflateIO(b,RAW,e)
 while 1:
  x=b.read(512)
  if not x:
   return
  yield x

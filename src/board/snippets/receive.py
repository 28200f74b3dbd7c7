def __belay_fg(c,w,k,S):
 import sys
 r=sys.stdin.buffer.read if k else sys.stdin.read
 if not k:
  from binascii import a2b_base64
 z=r(0)
 y=z+'\x01'if z==''else b'\x01'
 n=0
 for i in range(w):
  __belay_a('Q',str(i))
 while 1:
  h=r(1)
  while h==y:
   for i in range(n,n+w):
    __belay_a('Q',str(i))
   h=r(1)
  m=c
  if h in('s',b's'):
   m=int(r(3),16)
  elif h not in('f',b'f'):
   raise ValueError('stream')
  d=r(m)
  while y in d:
   d=d.replace(y,z)
   d+=r(m-len(d))
  __belay_a('Q',str(n+w))
  n+=1
  if not k:
   d=a2b_base64(d)
  elif b'}'in d:
   p=d.split(b'}')
   for i in range(1,len(p)):
    x=p[i]
    p[i]=bytes((x[0]^32,))+x[1:]
   d=b''.join(p)
  S[0]=d
  yield 1

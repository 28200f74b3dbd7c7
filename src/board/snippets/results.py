try:
 from sys import byteorder as __belay_rd
 from array import array as __belay_ra
 if __belay_rd!='little':
  __belay_ra=None
except Exception:
 __belay_ra=None
__belay_rd=float('1e100')<float('inf')
def __belay_rp(v):
 try:
  c=''
  x=v
  if type(v)is __belay_ra:
   c=repr(v[:0])[7]
  else:
   t=set(map(type,v))
   if t=={float}:
    c='d'
   elif t=={int}:
    a=min(v)
    b=max(v)
    for k,n in('b',7),('B',8),('h',15),('H',16),('i',31),('I',32),('q',63):
     if b>>n<1 and a>>n>=(-1 if k>'Z'else 0):
      c=k
      break
   if c:
    x=__belay_ra(c,v)
  if c in('dfbBhHiIlLqQ'if __belay_rd else'bBhHiIlLqQ')and c:
   c+=('t'if type(v)is tuple else'l')+str(len(v))+':'
   x=__belay_b(x)[:-1]
   return c+str(x,'ascii')
 except Exception:
  pass
def __belay(v,k='R',q=__belay,t=type,n=len,s=str,l=__belay_l,y=(list,tuple,__belay_ra)if __belay_ra and __belay_b else(),u=len(str(b'\xc3\xa9','utf-8'))<2):
 r=None
 if k=='R':
  if t(v)is s:
   if u and n(v)>255 and'raw REPL'not in v and'\r'not in v:
    k='T'
    r=v
  elif t(v)in y and n(v)>63:
   l[2]=''
   r=__belay_rp(v)
   k='P'
 if r is None:
  return q(v,'R' if k=='P'else k)
 l[1]=k
 l[2]=r
 __belay_a(k,r)
 l[0]+=1

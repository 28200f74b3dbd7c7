def __belay(v,k='R',q=__belay,b=__belay_b,t=type,y=(bytes,bytearray)if __belay_b else(),s=str,l=__belay_l):
 if k>'R'or t(v)not in y or not v[64:]:
  return q(v,k)
 l[2]=''
 v=s(b(v)[:-1],'ascii')
 l[1]='B'
 l[2]=v
 __belay_a('B',v)
 l[0]+=1

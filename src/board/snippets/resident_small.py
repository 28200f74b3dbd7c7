def __belay_r(*N,r=input,l=__belay_l,p=print,i=int,e=map,t=type,S=sum,y=bytes,g=globals(),P=(int,bool,float,type(None)),G=__import__('gc').collect):
 m='\x1e'+l[3][-5:]
 while 1:
  s=r()
  if s in('0','1'):
   G()
   continue
  c,v,*k=e(i,s.split())
  if S(y(s,'utf8'))+l[0]!=c+c:return
  v=g[N[v]]
  l[2]=''
  l[1]='C'
  v=v(*k)
  if t(v)in P:
   l[2]=v
   p(m,v,v,l[0],end=';')
   l[0]+=1
   l[1]='R'
  else:
   __belay(v)
   v=0
__belay((lambda g:(g.collect(),g.mem_free()))(__import__('gc'))[1])

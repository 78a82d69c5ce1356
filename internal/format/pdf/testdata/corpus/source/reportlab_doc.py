from reportlab.pdfgen import canvas
from reportlab.lib.pagesizes import A4
c=canvas.Canvas('c/reportlab.pdf',pagesize=A4,invariant=1,pageCompression=1); c.setTitle('Recibo')
for i in range(3):
    c.setFont('Helvetica',14); c.drawString(72,720,'Recibo n.o %d de 640 euros'%i); c.setPageRotation(90*i); c.showPage()
c.save()
c=canvas.Canvas('c/reportlab-form.pdf',pagesize=A4,invariant=1); c.drawString(72,720,'Pedido'); c.acroForm.textfield(name='nome',x=72,y=600,width=200,height=20); c.acroForm.checkbox(name='aceito',x=72,y=560,size=15)
c.linkURL('https://exemplo.invalid/',(72,500,200,520)); c.textAnnotation('Ver clausula 3',(300,300,320,320)); c.save()
from reportlab.lib import pdfencrypt
c=canvas.Canvas('c/reportlab-locked.pdf',pagesize=A4,encrypt=pdfencrypt.StandardEncryption('u','d',strength=40)); c.drawString(72,720,'Fechado'); c.save()

from fpdf import FPDF
import datetime
p=FPDF(); p.set_creation_date(datetime.datetime(2026,3,14,tzinfo=datetime.timezone.utc)); p.add_page(); p.set_font('helvetica',size=14); p.cell(text='Contrato com anexo'); p.embed_file('in/contrato.txt',desc='anexo')
p.text_annotation(100,100,'Conferir'); p.add_page(orientation='landscape'); p.cell(text='Deitada'); p.output('c/fpdf2.pdf')

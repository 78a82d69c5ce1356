import {createRequire} from 'module'; const require=createRequire(import.meta.url); const fs=require('fs');
const {PDFDocument,degrees}=require('pdf-lib'); const day=new Date('2026-03-14T00:00:00Z');
for (const [name,packed] of [['pdf-lib',true],['pdf-lib-table',false]]) { const d=await PDFDocument.create(); d.setCreationDate(day); d.setModificationDate(day); const p=d.addPage([595,842]); p.drawText('Contrato de arrendamento',{x:72,y:720,size:16}); const q=d.addPage([400,300]); q.setRotation(degrees(180));
 const f=d.getForm(); const t=f.createTextField('morada.rua'); t.setText('Rua do Sol'); t.addToPage(p,{x:72,y:600}); fs.writeFileSync('c/'+name+'.pdf',await d.save({useObjectStreams:packed})); }
const PDFKit=require('pdfkit'); const k=new PDFKit({info:{Title:'Recibo',CreationDate:day}}); k.pipe(fs.createWriteStream('c/pdfkit.pdf')); k.fontSize(16).text('Recibo de 640 euros'); k.addPage().text('Anexo'); k.end();
const {jsPDF}=require('jspdf'); const j=new jsPDF(); j.setCreationDate(day); j.text('Recibo de 640 euros',20,20); fs.writeFileSync('c/jspdf.pdf',Buffer.from(j.output('arraybuffer')));

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('fleets', '0003_intervention_mode'),
    ]

    operations = [
        migrations.AlterField(
            model_name='run',
            name='task',
            field=models.CharField(max_length=200),
        ),
    ]
